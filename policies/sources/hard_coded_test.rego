package keyproof.sources.hard_coded_test

import data.keyproof.sources.hard_coded

check(source) := d if {
	plain := {"id": "s1", "missing_fields": [], "kind": "repository", "complete": true, "scope": "whole", "leaks_in_head_low": 5, "leaks_in_head_medium": 0, "leaks_in_head_high": 0}
	subject := object.union(plain, source)
	d := hard_coded.decisions.s1 with input as {"as_of_ns": 0, "params": {"minimum_confidence": "medium", "tolerated": 1}, "subjects": [subject]}
}

test_at_the_limit_passes if check({"leaks_in_head_high": 1}) == {"status": "pass", "evidence": {"in_head": 1, "limit": 1}}

test_over_the_limit_fails if check({"leaks_in_head_medium": 2}).status == "fail"

test_what_was_found_in_a_part_fails if check({"leaks_in_head_medium": 2, "complete": false}).status == "fail"

test_a_part_proves_nothing if check({"complete": false}).status == "unknown"

test_unread_is_unknown if check({"leaks_in_head_high": null}).status == "unknown"

test_a_range_is_skipped if check({"scope": "partial"}).status == "skip"

test_an_unknown_scope_is_unknown if check({"scope": null}).status == "unknown"

test_an_unknown_kind_is_unknown if check({"kind": null}).status == "unknown"

test_an_inventory_is_skipped if check({"kind": "inventory"}).status == "skip"

test_what_is_less_sure_is_not_asked if check({"leaks_in_head_low": null}).status == "pass"
