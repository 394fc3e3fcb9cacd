# METADATA
# title: No key both trades and withdraws
# description: >-
#   Trading and withdrawing are duties of different services. One key with both lets whoever holds it
#   turn any holding into one that can be moved out, and move it.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [status, can_trade, can_withdraw, scopes_known]
#   params: {}
#   message: "may trade: {trade}; may withdraw: {withdraw}"
#   remediation: >-
#     Make one key for the trading service without withdrawals and one for the treasury without
#     trading, each bound to its own addresses.
#   examples:
#     - title: it trades only
#       status: pass
#       subject: {can_trade: true, can_withdraw: false}
#     - title: it does both
#       status: fail
#       subject: {can_trade: true, can_withdraw: true}
#     - title: it trades, and whether it withdraws is not known
#       status: unknown
#       subject: {can_trade: true, can_withdraw: null}
#     - title: what it may could not be read
#       status: unknown
#       subject: {can_trade: true, can_withdraw: false, missing_fields: [scopes]}
#     - title: the rights were read whole, and these are none of them
#       status: skip
#       subject: {scopes_known: true}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, can_trade: true, can_withdraw: true}
package keyproof.keys.trade_and_withdraw

usable := {"active", "pre_active", "compromised"}

spoken := {true: "yes", false: "no", null: "not known"}

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
	key.can_trade == null
	key.can_withdraw == null
	key.scopes_known == true
	id := key.id
	d := {"status": "skip", "reason": "the key's issuer knows no such rights"}
}

decisions[id] := d if {
	some key in active
	{key.can_trade, key.can_withdraw} == {null}
	not key.scopes_known == true
	id := key.id
	d := {"status": "unknown", "reason": "whether the key may trade or withdraw is not known"}
}

decisions[id] := d if {
	some key in active
	{key.can_trade, key.can_withdraw} == {true, null}
	id := key.id
	d := {"status": "unknown", "reason": "whether the key may both trade and withdraw is not known"}
}

# one that is known not to be held settles it
decisions[id] := d if {
	some key in active
	false in {key.can_trade, key.can_withdraw}
	id := key.id
	d := {"status": "pass", "evidence": {"trade": spoken[key.can_trade], "withdraw": spoken[key.can_withdraw]}}
}

decisions[id] := d if {
	some key in active
	{key.can_trade, key.can_withdraw} == {true}
	id := key.id
	d := {"status": "fail", "evidence": {"trade": "yes", "withdraw": "yes"}}
}
