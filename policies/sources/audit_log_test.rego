package keyproof.sources.audit_log_test

import data.keyproof.sources.audit_log

check(log) := d if {
	subject := {"id": "s1", "missing_fields": [], "audit_log": log}
	d := audit_log.decisions.s1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_on_passes if check("on") == {"status": "pass", "evidence": {"log": "on"}}

test_off_fails if check("off").status == "fail"

test_not_known_is_unknown if check(null).status == "unknown"

test_where_no_key_is_used_it_is_skipped if check("not_applicable").status == "skip"
