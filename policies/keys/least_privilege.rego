# METADATA
# title: API keys hold no more power than an API key may
# description: >-
#   Administrative rights, wildcards, withdrawals and the making of further identities turn one
#   leaked key into the loss of everything. Where an issuer's rights were read whole, a power that
#   it does not report is one that the key does not have.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [status, scopes_known, privilege_level, can_withdraw, can_trade, can_manage_iam, wildcard_action, wildcard_resource]
#   params:
#     denied:
#       description: Powers that no active key may hold.
#       type: array
#       minItems: 1
#       items:
#         type: string
#         enum: [admin, root, wildcard_action, wildcard_resource, can_withdraw, can_trade, can_manage_iam]
#       default: [admin, root, wildcard_action, can_withdraw, can_manage_iam]
#       source: CIS AWS Foundations Benchmark 3.0.0, 1.16; withdrawals are keyproof's own
#   message: "holds what an API key must not hold: {powers}"
#   remediation: >-
#     Give the key's principal only the calls that its consumers make, on the resources that they
#     use; the issuer's access log shows which. Move administration to people with a second factor.
#   examples:
#     - title: a key that reads
#       status: pass
#       subject: {scopes_known: true, privilege_level: read, wildcard_action: false}
#     - title: an administrator's key
#       status: fail
#       subject: {scopes_known: true, privilege_level: admin}
#     - title: every action on one resource
#       status: fail
#       subject: {scopes_known: true, privilege_level: write, wildcard_action: true}
#     - title: an exchange key that may withdraw, other rights unknown
#       status: fail
#       subject: {scopes_known: false, can_withdraw: true}
#     - title: rights were not read
#       status: unknown
#       subject: {scopes_known: false}
#     - title: rights could not be read
#       status: unknown
#       subject: {scopes_known: true, privilege_level: read, missing_fields: [scopes]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, scopes_known: true, privilege_level: admin}
#     - title: a power that the organisation denies
#       status: fail
#       params: {denied: [can_trade]}
#       subject: {scopes_known: true, privilege_level: write, can_trade: true}
package keyproof.keys.least_privilege

usable := {"active", "pre_active", "compromised"}

flags := {"wildcard_action", "wildcard_resource", "can_withdraw", "can_trade", "can_manage_iam"}

verdict := {true: "fail", false: "pass"}

denied := {power | some power in input.params.denied}

denied_flags := denied & flags

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

sure := [key | some key in active; key.scopes_known == true; is_string(key.privilege_level)]

decisions[id] := d if {
	count(denied) > 0
	some key in sure
	id := key.id
	powers := powers_of(key)
	status := verdict[powers != []]
	d := {"status": status, "evidence": {"powers": powers, "privilege_level": key.privilege_level}}
}

# a level that is not known is null, which is no power
powers_of(key) := sort({flag | some flag in denied_flags; key[flag] == true} | (denied & {key.privilege_level}))

decisions[id] := d if {
	some key in active
	not key.scopes_known == true
	id := key.id
	d := unsure(powers_of(key))
}

decisions[id] := d if {
	some key in active
	key.scopes_known == true
	key.privilege_level == null
	id := key.id
	d := unsure(powers_of(key))
}

unsure(powers) := {"status": "fail", "evidence": {"powers": powers, "privilege_level": "not known"}} if powers != []

unsure(powers) := {"status": "unknown", "reason": "the key's rights are not known"} if powers == []
