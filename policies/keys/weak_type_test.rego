package keyproof.keys.weak_type_test

import data.keyproof.keys.weak_type

check(status, kind) := d if {
	subject := {"id": "k1", "missing_fields": [], "status": status, "credential_type": kind}
	d := weak_type.decisions.k1 with input as {"as_of_ns": 0, "params": {"denied": ["static_role_password"]}, "subjects": [subject]}
}

test_denied_fails if check("active", "static_role_password") == {"status": "fail", "evidence": {"kind": "static role password"}}

test_others_pass if check("active", "api_token").status == "pass"

test_unread_is_unknown if check("active", null).status == "unknown"

test_an_unknown_status_is_unknown if check(null, "api_token").status == "unknown"

test_off_is_skipped if check("deactivated", "static_role_password").status == "skip"
