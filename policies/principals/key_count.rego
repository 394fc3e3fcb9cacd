# METADATA
# title: Nobody collects API keys
# description: >-
#   principals.overlap counts the keys for one purpose; this counts all that a principal holds. Many
#   keys of one identity cannot be told apart in a log, and some of them are forgotten.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: principal
#   needs: [keys, keys_complete]
#   params:
#     max_active:
#       description: Active keys that a principal may hold, over all purposes.
#       type: integer
#       minimum: 1
#       maximum: 1000
#       default: 4
#       source: "keyproof's own: two purposes, each with a key that is being rotated"
#   message: "holds {active_keys:active key}; at most {max_active} are allowed"
#   remediation: >-
#     Find out which key serves what, give each service an identity of its own, and delete the rest.
#   examples:
#     - title: two keys
#       status: pass
#       subject: {keys: [{}, {}]}
#     - title: five keys
#       status: fail
#       subject: {keys: [{}, {}, {}, {}, {}]}
#     - title: five keys, four of them off
#       status: pass
#       subject: {keys: [{}, {status: deactivated}, {status: deactivated}, {status: expired}, {status: suspended}]}
#     - title: a limit of the organisation's own
#       status: fail
#       params: {max_active: 1}
#       subject: {keys: [{}, {}]}
#     - title: too many already, though not every key could be read
#       status: fail
#       subject: {keys: [{}, {}, {}, {}, {}], keys_complete: false}
#     - title: not every key could be read
#       status: unknown
#       subject: {keys: [{}], keys_complete: false}
#     - title: the state of one could not be read
#       status: unknown
#       subject: {keys: [{}, {missing_fields: [status]}]}
#     - title: the keys could not be read
#       status: unknown
#       subject: {keys: [{}], missing_fields: [keys]}
package keyproof.principals.key_count

usable := {"active", "pre_active", "compromised"}

max_active := input.params.max_active if is_number(input.params.max_active)

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "unknown", "reason": "the principal's keys could not be read"} if principal.keys == null

decision(principal) := d if {
	is_array(principal.keys)
	active := count([key | some key in principal.keys; key.status in usable])
	dark := count([key | some key in principal.keys; key.status == null])
	d := judged(active, dark, principal.keys_complete)
}

judged(active, _, _) := {"status": "fail", "evidence": {"active_keys": active, "max_active": max_active}} if active > max_active

judged(active, dark, complete) := {"status": "pass", "evidence": {"active_keys": active, "max_active": max_active}} if {
	active <= max_active
	dark == 0
	complete == true
}

judged(active, dark, complete) := {"status": "unknown", "reason": "not every key of the principal, or its state, is known"} if {
	active <= max_active
	{dark == 0, complete} != {true}
}
