# METADATA
# title: Keys that a system can rotate are rotated by it
# description: >-
#   Where a secrets manager or the issuer itself can rotate a key, leaving that off means that the key
#   is replaced only when somebody remembers. Keys that are rotated by hand are bounded by
#   keys.max_age.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: key
#   needs: [status, rotation]
#   params: {}
#   message: "automatic rotation is {rotation}; it would be done by: {mechanism}"
#   remediation: >-
#     Switch automatic rotation on where the key is kept, with an interval below the limit of
#     keys.max_age, and watch the first rotation to its end.
#   examples:
#     - title: it is on
#       status: pass
#       subject: {rotation: {enabled: true, mechanism: managed_lambda, interval_days: 30}}
#     - title: it is off
#       status: fail
#       subject: {rotation: {enabled: false, mechanism: managed_lambda}}
#     - title: nobody says
#       status: unknown
#       subject: {}
#     - title: the settings could not be read
#       status: unknown
#       subject: {rotation: {enabled: true}, missing_fields: [rotation]}
#     - title: such keys are rotated by hand
#       status: skip
#       subject: {rotation: {mechanism: manual}}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, rotation: {enabled: false}}
package keyproof.keys.rotation_enabled

usable := {"active", "pre_active", "compromised"}

verdict := {true: "pass", false: "fail"}

spoken := {true: "on", false: "off"}

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

decision(key) := {"status": "unknown", "reason": "whether the key is rotated automatically is not known"} if {
	key.rotation_enabled == null
	not key.rotation_mechanism == "manual"
}

decision(key) := {"status": "skip", "reason": "such keys are rotated by hand; keys.max_age bounds their age"} if {
	key.rotation_enabled == null
	key.rotation_mechanism == "manual"
}

decision(key) := {"status": status, "evidence": evidence} if {
	status := verdict[key.rotation_enabled]
	evidence := {"rotation": spoken[key.rotation_enabled], "mechanism": named(key.rotation_mechanism)}
}

named(mechanism) := "not known" if mechanism == null

named(mechanism) := replace(mechanism, "_", " ") if is_string(mechanism)
