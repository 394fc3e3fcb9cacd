package keyproof.sources.tie_out_test

import data.keyproof.sources.tie_out

check(listed, parsed, excluded) := d if {
	subject := {"id": "s1", "missing_fields": [], "listed": listed, "parsed": parsed, "excluded": excluded}
	d := tie_out.decisions.s1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_equal_passes if check(3, 2, 1) == {"status": "pass", "evidence": {"listed": 3, "parsed": 2, "excluded": 1}}

test_fewer_fails if check(3, 1, 1).status == "fail"

test_more_fails if check(3, 3, 1).status == "fail"

test_nothing_at_all_passes if check(0, 0, 0).status == "pass"

test_no_count_is_unknown if check(null, 3, 0).status == "unknown"
