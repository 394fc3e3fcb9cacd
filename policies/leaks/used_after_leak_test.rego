package keyproof.leaks.used_after_leak_test

import data.keyproof.leaks.used_after_leak

check(exposures) := d if {
	subject := {"id": "l1", "missing_fields": [], "exposures": exposures}
	d := used_after_leak.decisions.l1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

used(word) := {"basis": "native_id", "used_after_leak": word}

test_no_use_passes if check([used("no")]) == {"status": "pass", "evidence": {"used_keys": 0, "joined_keys": 1}}

test_a_use_fails if check([used("no"), used("yes"), used(null)]) == {"status": "fail", "evidence": {"used_keys": 1, "joined_keys": 3}}

test_one_unknown_is_unknown if check([used("no"), used(null)]).status == "unknown"

test_a_hint_proves_nothing if check([{"basis": "hint", "used_after_leak": "yes"}]).status == "unknown"

test_no_key_is_unknown if check([]).status == "unknown"

test_no_join_is_unknown if check(null).status == "unknown"
