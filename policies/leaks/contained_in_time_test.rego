package keyproof.leaks.contained_in_time_test

import data.keyproof.leaks.contained_in_time

now := 1795219200000000000

day := 86400000000000

check(exposures) := d if {
	subject := {"id": "l1", "missing_fields": [], "exposures": exposures}
	d := contained_in_time.decisions.l1 with input as {"as_of_ns": now, "params": {"days": 1}, "subjects": [subject]}
}

open_for(ns, days) := {
	"basis": "native_id", "key_state": "active",
	"opened_at_ns": now - ns, "opened_at_age_days": days,
	"closed_at_ns": null, "closed_at_age_days": null,
}

closed(ns, days) := object.union(open_for(10 * day, 10), {
	"key_state": "dead",
	"closed_at_ns": (now - (10 * day)) + ns, "closed_at_age_days": 10 - days,
})

test_the_limit_itself_passes if check([open_for(day, 1)]) == {"status": "pass", "evidence": {"open_days": 1, "limit_days": 1, "still_open": "yes"}}

test_a_nanosecond_more_fails if check([closed(day + 1, 1)]) == {"status": "fail", "evidence": {"open_days": 1, "limit_days": 1, "still_open": "no"}}

test_off_before_the_leak_passes if check([closed(0 - (5 * day), -5)]).evidence.open_days == 0

test_the_longest_counts if check([closed(day, 1), open_for(9 * day, 9)]).evidence == {"open_days": 9, "limit_days": 1, "still_open": "yes"}

test_one_late_key_settles_it if check([object.union(closed(day, 1), {"closed_at_ns": null}), open_for(9 * day, 9)]).status == "fail"

test_what_is_not_known_is_unknown if {
	check(null).status == "unknown"
	check([]).status == "unknown"
	check([object.union(open_for(9 * day, 9), {"basis": "hint"})]).status == "unknown"
	check([object.union(open_for(9 * day, 9), {"key_state": null})]).status == "unknown"
	check([open_for(0 - day, -1)]).status == "unknown"
	check([object.union(closed(day, 1), {"closed_at_ns": null}), open_for(day, 1)]).status == "unknown"
}
