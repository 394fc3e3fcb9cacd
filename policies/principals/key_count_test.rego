package keyproof.principals.key_count_test

import data.keyproof.principals.key_count

check(keys, complete) := d if {
	subject := {"id": "p1", "missing_fields": [], "keys": keys, "keys_complete": complete}
	d := key_count.decisions.p1 with input as {"as_of_ns": 0, "params": {"max_active": 1}, "subjects": [subject]}
}

on := {"status": "active"}

test_the_limit_itself_passes if check([on], true) == {"status": "pass", "evidence": {"active_keys": 1, "max_active": 1}}

test_one_more_fails if check([on, on], true) == {"status": "fail", "evidence": {"active_keys": 2, "max_active": 1}}

test_one_more_fails_even_where_some_are_unread if check([on, on, {"status": null}], false).status == "fail"

test_off_does_not_count if check([on, {"status": "deactivated"}], true).status == "pass"

test_what_is_not_known_is_unknown if {
	check(null, true).status == "unknown"
	check([on], false).status == "unknown"
	check([on, {"status": null}], true).status == "unknown"
}
