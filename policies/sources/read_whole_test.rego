package keyproof.sources.read_whole_test

import data.keyproof.sources.read_whole

blank := {"id": "s1", "missing_fields": [], "complete": true, "scope": "whole", "gaps": []}

check(source) := d if {
	subject := object.union(blank, source)
	d := read_whole.decisions.s1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

gap(call, reason) := {"call": call, "reason": reason, "fields": []}

test_whole_passes if check({}) == {"status": "pass", "evidence": {"unread": 0, "reasons": []}}

test_calls_count_once if {
	d := check({"gaps": [gap("a", "access_denied"), gap("a", "timeout"), gap("b", "not_reported")]})
	d == {"status": "fail", "evidence": {"unread": 1, "reasons": ["access denied", "timeout"]}}
}

test_incomplete_without_a_gap_fails if check({"complete": false}).evidence == {"unread": 1, "reasons": ["not stated"]}

test_what_nobody_reports_is_unknown if check({"complete": false, "gaps": [gap("a", "not_reported")]}).status == "unknown"

test_an_unknown_field_is_unknown if check({"scope": null}).status == "unknown"

test_a_part_is_skipped if check({"scope": "partial", "complete": false}).status == "skip"
