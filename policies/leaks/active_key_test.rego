package keyproof.leaks.active_key_test

import data.keyproof.leaks.active_key

exposure(state) := {"basis": "native_id", "key_state": state, "used_after_leak": "no"}

check(exposures) := d if {
	subject := {"id": "l1", "missing_fields": [], "exposures": exposures}
	d := active_key.decisions.l1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_dead_passes if {
	d := check([exposure("dead"), exposure("dead")])
	d == {"status": "pass", "evidence": {"active": 0, "dead": 2, "undecided": 0, "used_since": "no"}}
}

test_one_active_fails if check([exposure("dead"), exposure("active")]).status == "fail"

test_active_beats_unknown if check([exposure(null), exposure("active")]).status == "fail"

test_unknown_beats_dead if check([exposure(null), exposure("dead")]).status == "unknown"

test_a_hint_proves_nothing if {
	hint := object.union(exposure("active"), {"basis": "hint"})
	check([hint]).status == "unknown"
	check([hint, exposure("dead")]).status == "pass"
}

test_no_join_is_unknown if check([]).status == "unknown"

test_an_unread_join_is_unknown if check(null).status == "unknown"

test_use_since_the_leak_is_told if {
	check([object.union(exposure("active"), {"used_after_leak": "yes"}), exposure("dead")]).evidence.used_since == "yes"
	check([object.union(exposure("active"), {"used_after_leak": null})]).evidence.used_since == "not known"
}
