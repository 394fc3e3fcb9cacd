package keyproof.keys.trade_and_withdraw_test

import data.keyproof.keys.trade_and_withdraw

status(trade, withdraw, known) := d.status if {
	subject := {
		"id": "k1", "missing_fields": [], "status": "active",
		"can_trade": trade, "can_withdraw": withdraw, "scopes_known": known,
	}
	d := trade_and_withdraw.decisions.k1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

off(state) := d.status if {
	subject := {"id": "k1", "missing_fields": [], "status": state, "can_trade": true, "can_withdraw": true, "scopes_known": true}
	d := trade_and_withdraw.decisions.k1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_both_fail if status(true, true, false) == "fail"

test_one_alone_passes if {
	status(true, false, true) == "pass"
	status(false, true, true) == "pass"
	status(false, false, true) == "pass"
}

test_one_that_is_not_held_settles_it if {
	status(false, null, false) == "pass"
	status(null, false, false) == "pass"
}

test_one_that_is_held_does_not if {
	status(true, null, true) == "unknown"
	status(null, true, true) == "unknown"
}

test_neither_known_is_skipped_only_where_rights_were_read if {
	status(null, null, true) == "skip"
	status(null, null, false) == "unknown"
	status(null, null, null) == "unknown"
}

test_off_is_skipped if off("suspended") == "skip"

test_an_unknown_status_is_unknown if off(null) == "unknown"
