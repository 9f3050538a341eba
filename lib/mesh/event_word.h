// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What writer and reader of events share, and nobody else needs.
 */
#ifndef MESH_EVENT_WORD_H
#define MESH_EVENT_WORD_H

#include "mesh/event.h"

/* The kind that the word of an "event:" line means; EVENT_UNKNOWN for another word. */
enum event_kind event_kind_of(const char *word);

#endif
