# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# shellcheck shell=bash
# Certificates for a tower, by an authority of the test's own.

certificate_authority()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=lab \
		-keyout "$LAB_DIR/ca.key" -out "$LAB_DIR/ca.crt" -days 2 2>"$LAB_DIR/openssl"
}

# certificate_make NAME SAN [DAYS]: NAME.key and NAME.crt, good for the SAN; negative: over.
certificate_make()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$LAB_DIR/$1.key" -out "$LAB_DIR/$1.csr" 2>"$LAB_DIR/openssl"
	openssl x509 -req -in "$LAB_DIR/$1.csr" -CA "$LAB_DIR/ca.crt" -CAkey "$LAB_DIR/ca.key" \
		-CAcreateserial -days "${3:-1}" -extfile <(echo "subjectAltName=$2") \
		-out "$LAB_DIR/$1.crt" 2>"$LAB_DIR/openssl"
}

tower_start_with() # NAME of a certificate
{
	tower_start --tls-cert="$LAB_DIR/$1.crt" --tls-key="$LAB_DIR/$1.key" --user=root
}
