# METADATA
# title: Whoever left has no active key
# description: >-
#   An account that was switched off while its keys still work was not switched off. Keys of an
#   account that nobody has seen for long are looked at by keys.unused.
# scope: package
# custom:
#   version: 1.0.0
#   severity: critical
#   subject: principal
#   needs: [active, keys, keys_complete]
#   params: {}
#   message: "the account is off, and has {active_keys:active key}"
#   remediation: >-
#     Deactivate the account's keys now. Where a service still calls with one of them, give the
#     service an identity of its own.
#   examples:
#     - title: off, and its keys too
#       status: pass
#       subject: {active: false, keys: [{status: deactivated}]}
#     - title: off, and one key is not
#       status: fail
#       subject: {active: false, keys: [{status: deactivated}, {status: active}]}
#     - title: off, without keys
#       status: pass
#       subject: {active: false, keys: []}
#     - title: off, and not every key could be read
#       status: unknown
#       subject: {active: false, keys: [], keys_complete: false}
#     - title: off, and one of the keys that could be read is not
#       status: fail
#       subject: {active: false, keys: [{}], keys_complete: false}
#     - title: the issuer does not say whether it is off
#       status: unknown
#       subject: {active: null, keys: [{}]}
#     - title: whether it is off could not be read
#       status: unknown
#       subject: {active: true, keys: [{}], missing_fields: [active]}
#     - title: off, and a key's state could not be read
#       status: unknown
#       subject: {active: false, keys: [{missing_fields: [status]}]}
#     - title: still here
#       status: skip
#       subject: {active: true, keys: [{}]}
package keyproof.principals.offboarded

usable := {"active", "pre_active", "compromised"}

gone := [principal | some principal in input.subjects; principal.active == false]

decisions[id] := d if {
	some principal in input.subjects
	principal.active == true
	id := principal.id
	d := {"status": "skip", "reason": "the account is active"}
}

decisions[id] := d if {
	some principal in input.subjects
	principal.active == null
	id := principal.id
	d := {"status": "unknown", "reason": "whether the account is active is not known"}
}

decisions[id] := d if {
	some principal in gone
	principal.keys == null
	id := principal.id
	d := {"status": "unknown", "reason": "the account's keys could not be read"}
}

decisions[id] := d if {
	some principal in gone
	is_array(principal.keys)
	id := principal.id
	open := count([key | some key in principal.keys; key.status in usable])
	dark := count([key | some key in principal.keys; key.status == null])
	d := judged(open, dark, principal.keys_complete)
}

judged(open, _, _) := {"status": "fail", "evidence": {"active_keys": open}} if open > 0

judged(open, dark, complete) := {"status": "pass", "evidence": {"active_keys": open}} if {
	open == 0
	dark == 0
	complete == true
}

judged(open, dark, complete) := {"status": "unknown", "reason": "not every key of the account, or its state, is known"} if {
	open == 0
	{dark == 0, complete} != {true}
}
