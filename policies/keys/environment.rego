# METADATA
# title: Every API key belongs to an environment
# description: >-
#   Whoever cannot tell a production key from a test key cannot keep them apart, and sets the same
#   limits for both. Limits may differ by environment once it is known.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: key
#   needs: [status, environment]
#   params: {}
#   message: "environment: {environment}"
#   remediation: >-
#     Tag the key, or its principal, with the environment that it works in, or name the environment in
#     the inventory that lists it.
#   examples:
#     - title: production
#       status: pass
#       subject: {environment: production}
#     - title: none
#       status: fail
#       subject: {environment: null}
#     - title: an empty name
#       status: fail
#       subject: {environment: ""}
#     - title: the tags could not be read
#       status: unknown
#       subject: {missing_fields: [environment]}
#     - title: the status could not be read
#       status: unknown
#       subject: {environment: production, missing_fields: [status]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated}
package keyproof.keys.environment

usable := {"active", "pre_active", "compromised"}

nothing := {null, ""}

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

decision(key) := {"status": "pass", "evidence": {"environment": key.environment}} if not key.environment in nothing

decision(key) := {"status": "fail", "evidence": {"environment": "none"}} if {
	key.environment in nothing
	not "environment" in key.missing_fields
}

decision(key) := {"status": "unknown", "reason": "the key's environment could not be read"} if {
	key.environment in nothing
	"environment" in key.missing_fields
}
