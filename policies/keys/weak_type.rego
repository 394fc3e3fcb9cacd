# METADATA
# title: Programs do not sign in with passwords
# description: >-
#   A password has no id to trace, no scope to limit and no end of its own, and people choose and share
#   it. Where the issuer offers keys or tokens, a program has one of those.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: key
#   needs: [status, credential_type]
#   params:
#     denied:
#       description: Kinds of credentials that a program may not have.
#       type: array
#       minItems: 1
#       items:
#         type: string
#         enum: [access_key, api_token, oauth_client_secret, certificate, ssh_key, hmac_secret, jwt_secret, sa_key, static_role_password, virtual_key, password]
#       default: [password, static_role_password]
#       source: OWASP Non-Human Identities Top 10 2025, NHI4 (insecure authentication)
#   message: "the credential is of the kind: {kind}"
#   remediation: >-
#     Give the program a key, a token or a certificate of the same issuer, limited to what it calls,
#     then remove the password.
#   examples:
#     - title: a token
#       status: pass
#       subject: {credential_type: api_token}
#     - title: a password
#       status: fail
#       subject: {credential_type: password}
#     - title: a kind that the organisation denies
#       status: fail
#       params: {denied: [ssh_key]}
#       subject: {credential_type: ssh_key}
#     - title: the kind could not be read
#       status: unknown
#       subject: {credential_type: api_token, missing_fields: [credential_type]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, credential_type: password}
package keyproof.keys.weak_type

usable := {"active", "pre_active", "compromised"}

verdict := {true: "fail", false: "pass"}

denied := {kind | some kind in input.params.denied}

active := [key | some key in input.subjects; key.status in usable]

decisions[id] := d if {
	some key in input.subjects
	key.status == null
	id := key.id
	d := {"status": "unknown", "reason": "the key's status is not known"}
}

decisions[id] := d if {
	some key in input.subjects
	is_string(key.status)
	not key.status in usable
	id := key.id
	d := {"status": "skip", "reason": "the key is not active"}
}

decisions[id] := d if {
	some key in active
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "its type is not known"} if key.credential_type == null

decision(key) := {"status": status, "evidence": {"kind": replace(key.credential_type, "_", " ")}} if {
	is_string(key.credential_type)
	count(denied) > 0
	status := verdict[key.credential_type in denied]
}
