# METADATA
# title: Keys that change things do so on named resources
# description: >-
#   A key that may write to every resource of an account lets one leak change all of it. Reading
#   everywhere is left to keys.least_privilege.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: key
#   needs: [status, scopes_known, privilege_level, wildcard_resource]
#   params:
#     levels:
#       description: The powers that a key may hold on named resources only.
#       type: array
#       minItems: 1
#       items: {type: string, enum: [read, write, admin, root]}
#       default: [write, admin, root]
#       source: NIST SP 800-53 Rev. 5, AC-6 (least privilege); the choice of levels is keyproof's own
#   message: "may {level}, on every resource: {everywhere}"
#   remediation: >-
#     Name the resources in the key's policy; the issuer's access log shows which ones its consumers
#     touch.
#   examples:
#     - title: it writes to one bucket
#       status: pass
#       subject: {scopes_known: true, privilege_level: write, wildcard_resource: false}
#     - title: it writes everywhere
#       status: fail
#       subject: {scopes_known: true, privilege_level: write, wildcard_resource: true}
#     - title: it reads everywhere
#       status: pass
#       subject: {scopes_known: true, privilege_level: read, wildcard_resource: true}
#     - title: it reads everywhere, which is not allowed here
#       status: fail
#       params: {levels: [read, write, admin, root]}
#       subject: {scopes_known: true, privilege_level: read, wildcard_resource: true}
#     - title: rights were not read
#       status: unknown
#       subject: {scopes_known: false}
#     - title: rights could not be read
#       status: unknown
#       subject: {scopes_known: true, privilege_level: write, wildcard_resource: false, missing_fields: [scopes]}
#     - title: the rights were read whole, and such keys are not bound to resources
#       status: skip
#       subject: {scopes_known: true, privilege_level: write}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, scopes_known: true, privilege_level: admin, wildcard_resource: true}
package keyproof.keys.write_everywhere

usable := {"active", "pre_active", "compromised"}

spoken := {true: "yes", false: "no", null: "not known"}

levels := {level | some level in input.params.levels}

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

harmless(key) if key.wildcard_resource == false

harmless(key) if {
	is_string(key.privilege_level)
	not key.privilege_level in levels
}

decision(key) := {"status": status, "evidence": told(key)} if {
	harmless(key)
	count(levels) > 0
	status := "pass"
}

decision(key) := {"status": status, "evidence": told(key)} if {
	key.wildcard_resource == true
	key.privilege_level in levels
	status := "fail"
}

decision(key) := {"status": "unknown", "reason": "what the key may do everywhere is not known"} if {
	key.wildcard_resource == true
	key.privilege_level == null
}

decision(key) := {"status": "skip", "reason": "such keys are not bound to resources"} if {
	not harmless(key)
	key.wildcard_resource == null
	key.scopes_known == true
}

decision(key) := {"status": "unknown", "reason": "on which resources the key may act is not known"} if {
	not harmless(key)
	key.wildcard_resource == null
	not key.scopes_known == true
}

told(key) := {"level": told_level(key.privilege_level), "everywhere": spoken[key.wildcard_resource]}

told_level(name) := "do what is not known" if name == null

told_level(name) := name if is_string(name)
