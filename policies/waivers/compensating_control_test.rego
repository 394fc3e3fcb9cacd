package keyproof.waivers.compensating_control_test

import data.keyproof.waivers.compensating_control

check(severity, named, evidence) := d if {
	subject := {"id": "w", "missing_fields": [], "policy": "p", "policy_severity": severity, "has_control": named, "control_evidence": evidence}
	d := compensating_control.decisions.w with input as {"as_of_ns": 0, "params": {"severities": ["critical"]}, "subjects": [subject]}
}

test_a_control_with_a_link_passes if check("critical", true, "link") == {"status": "pass", "evidence": {"policy": "p", "severity": "critical", "control": "named", "evidence": "a link"}}

test_evidence_without_a_control_fails if check("critical", false, "link").status == "fail"

test_a_control_without_evidence_fails if check("critical", true, "none").evidence.evidence == "none"

test_a_file_that_changed_fails_whatever_the_policy if check("low", true, "differs").status == "fail"

test_a_file_that_cannot_be_read_is_unknown if check("low", true, "unreadable").status == "unknown"

test_others_are_skipped if check("high", false, "none").status == "skip"

test_not_known_is_unknown if check(null, true, "link").status == "unknown"
