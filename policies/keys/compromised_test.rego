package keyproof.keys.compromised_test

import data.keyproof.keys.compromised

check(status) := d if {
	subject := {"id": "k1", "missing_fields": [], "status": status}
	d := compromised.decisions.k1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_compromised_fails if check("compromised") == {"status": "fail", "evidence": {"state": "compromised"}}

test_active_passes if check("active").status == "pass"

test_made_for_later_passes if check("pre_active").status == "pass"

test_unread_is_unknown if check(null).status == "unknown"

test_off_is_skipped if {
	every status in ["suspended", "deactivated", "destroyed", "expired"] {
		check(status).status == "skip"
	}
}
