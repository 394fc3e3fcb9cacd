# METADATA
# title: Keys are long enough, and their algorithm still holds
# description: >-
#   A key that can be guessed, or whose algorithm is broken, protects nothing, however well it is kept.
#   Where a key is a text, its length and letters bound its strength.
# scope: package
# custom:
#   version: 1.1.0
#   severity: high
#   subject: key
#   needs: [status, credential_type, algorithm, key_bits]
#   params:
#     denied_algorithms:
#       description: Algorithms that no active key may be for, in lower case.
#       type: array
#       minItems: 1
#       items: {type: string}
#       default: [dsa, ssh-dss, rsa-sha1, hmac-md5, md5, sha1, des, 3des, rc4, none]
#       source: NIST SP 800-131A Rev. 2
#     rsa_bits:
#       description: The shortest RSA modulus.
#       type: integer
#       minimum: 1024
#       maximum: 16384
#       default: 2048
#       source: NIST SP 800-131A Rev. 2, Table 2
#     elliptic_bits:
#       description: The shortest elliptic curve.
#       type: integer
#       minimum: 160
#       maximum: 521
#       default: 224
#       source: NIST SP 800-131A Rev. 2, Table 2
#     secret_bits:
#       description: The least strength of a shared secret, a token or a password.
#       type: integer
#       minimum: 64
#       maximum: 512
#       default: 112
#       source: NIST SP 800-131A Rev. 2, Table 9
#   message: "algorithm {algorithm}, {bits:bit}, {why}; the least is {limit}"
#   remediation: >-
#     Replace the key by one that the issuer itself makes, at least as long as the limit, for an
#     algorithm that holds; then end this one.
#   examples:
#     - title: a long RSA key
#       status: pass
#       subject: {credential_type: sa_key, algorithm: rsa, key_bits: 2048}
#     - title: a short RSA key
#       status: fail
#       subject: {credential_type: ssh_key, algorithm: rsa, key_bits: 1024}
#     - title: a short RSA key under the name that SSH gives it
#       status: fail
#       subject: {credential_type: ssh_key, algorithm: ssh-rsa, key_bits: 1024}
#     - title: an elliptic curve
#       status: pass
#       subject: {credential_type: ssh_key, algorithm: ed25519, key_bits: 256}
#     - title: a secret that somebody made up
#       status: fail
#       subject: {credential_type: api_token, key_bits: 41}
#     - title: a broken algorithm, whatever its length
#       status: fail
#       subject: {credential_type: ssh_key, algorithm: ssh-dss}
#     - title: a private key for an algorithm that this policy does not know
#       status: unknown
#       subject: {credential_type: sa_key, algorithm: elgamal, key_bits: 1024}
#     - title: neither is reported
#       status: unknown
#       subject: {credential_type: api_token}
#     - title: the length could not be read
#       status: unknown
#       subject: {credential_type: api_token, key_bits: 256, missing_fields: [key_bits]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, credential_type: api_token, key_bits: 8}
package keyproof.keys.weak_algorithm

usable := {"active", "pre_active", "compromised"}

verdict := {true: "pass", false: "fail"}

word := {true: "enough", false: "too short"}

denied := {algorithm | some algorithm in input.params.denied_algorithms}

asymmetric := {"ssh_key", "certificate", "sa_key"}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key is not active"} if {
	is_string(key.status)
	not key.status in usable
}

decision(key) := {"status": "fail", "evidence": {"algorithm": key.algorithm, "bits": length_of(key), "why": "which does not hold any more", "limit": "another algorithm"}} if {
	key.status in usable
	name(key) in denied
}

decision(key) := d if {
	key.status in usable
	named := name(key)
	not named in denied
	d := measured(key)
}

# issuers write RSA_2048, ssh-rsa and RS256 of the same thing
name(key) := lower(key.algorithm) if is_string(key.algorithm)

name(key) := null if key.algorithm == null

length_of(key) := key.key_bits if is_number(key.key_bits)

length_of(key) := "unknown" if key.key_bits == null

measured(key) := {"status": "unknown", "reason": "its length is not known"} if key.key_bits == null

measured(key) := {"status": "unknown", "reason": "which algorithm it is for is not known"} if {
	is_number(key.key_bits)
	not limit(key)
}

measured(key) := {"status": status, "evidence": {"algorithm": called(key), "bits": key.key_bits, "why": word[enough], "limit": least}} if {
	is_number(key.key_bits)
	count(denied) > 0
	least := limit(key)
	is_number(least)
	enough := key.key_bits >= least
	status := verdict[enough]
}

called(key) := key.algorithm if is_string(key.algorithm)

called(key) := "not stated" if key.algorithm == null

limit(key) := input.params.rsa_bits if rsa(key)

limit(key) := input.params.elliptic_bits if elliptic(key)

limit(key) := input.params.secret_bits if {
	is_string(key.credential_type)
	not key.credential_type in asymmetric
	not rsa(key)
	not elliptic(key)
}

rsa(key) if {
	is_string(key.algorithm)
	regex.match("rsa|^[rp]s[0-9]", name(key))
}

elliptic(key) if {
	is_string(key.algorithm)
	regex.match("(^|[-_])(ec|ed[0-9]|es[0-9]|p-|secp|x[0-9])", name(key))
}
