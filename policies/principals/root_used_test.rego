package keyproof.principals.root_used_test

import data.keyproof.principals.root_used

now := 1795219200000000000

day := 86400000000000

check(kind, ns, days) := d if {
	subject := {
		"id": "p1", "missing_fields": [], "principal_type": kind,
		"last_seen_at_ns": ns, "last_seen_at_age_days": days,
	}
	d := root_used.decisions.p1 with input as {"as_of_ns": now, "params": {"days": 30}, "subjects": [subject]}
}

test_the_limit_itself_passes if {
	check("root", now - (30 * day), 30) == {"status": "pass", "evidence": {"seen_days": 30, "limit_days": 30}}
}

test_a_nanosecond_less_fails if check("root", (now - (30 * day)) + 1, 29).status == "fail"

test_no_date_is_unknown if check("root", null, null).status == "unknown"

test_an_unknown_kind_is_unknown if check(null, now, 0).status == "unknown"

test_others_are_skipped if check("user", now, 0).status == "skip"
