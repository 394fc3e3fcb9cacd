package keyproof.principals.overlap_test

import data.keyproof.principals.overlap

now := 1795219200000000000

day := 86400000000000

key(days) := {
	"status": "active", "overlap_group": null,
	"created_at_ns": now - (days * day), "created_at_age_days": days,
}

undated := {"status": "active", "overlap_group": null, "created_at_ns": null, "created_at_age_days": null}

check(keys, complete) := d if {
	subject := {"id": "p1", "missing_fields": [], "keys": keys, "keys_complete": complete}
	params := {"max_active": 2, "days": 7}
	d := overlap.decisions.p1 with input as {"as_of_ns": now, "params": params, "subjects": [subject]}
}

test_a_week_side_by_side_passes if check([key(100), key(7)], true).status == "pass"

test_longer_fails if {
	d := check([key(100), key(8)], true)
	d == {"status": "fail", "evidence": {"active_keys": 2, "max_active": 2, "overlap_days": 8, "limit_days": 7}}
}

test_too_many_fail_at_once if check([key(1), key(2), key(3)], true).status == "fail"

test_the_overlap_counts_from_the_second_oldest if check([key(1), key(2), key(3)], true).evidence.overlap_days == 2

test_no_key_passes if check([], true).status == "pass"

test_off_keys_do_not_count if check([key(100), object.union(key(50), {"status": "deactivated"})], true).status == "pass"

test_purposes_do_not_mix if {
	web := object.union(key(100), {"overlap_group": "web"})
	batch := object.union(key(90), {"overlap_group": "batch"})
	check([web, batch], true).evidence.active_keys == 1
}

test_one_purpose_does if {
	web := object.union(key(100), {"overlap_group": "web"})
	check([web, web], true).status == "fail"
}

test_an_undated_pair_is_unknown if check([key(1), undated], true).status == "unknown"

test_one_undated_key_passes if check([undated], true).status == "pass"

test_unread_keys_are_unknown if check(null, true).status == "unknown"

test_a_part_of_the_keys_is_unknown if check([key(1)], false).status == "unknown"

test_a_part_of_the_keys_may_fail if check([key(100), key(90)], false).status == "fail"

test_an_unknown_status_is_unknown if check([object.union(key(1), {"status": null})], true).status == "unknown"
