package keyproof.keys.stored_in_manager_test

import data.keyproof.keys.stored_in_manager

check(status, refs) := d if {
	subject := {"id": "k1", "missing_fields": [], "status": status, "storage_refs": refs}
	d := stored_in_manager.decisions.k1 with input as {"as_of_ns": 0, "params": {"accepted": ["vault"]}, "subjects": [subject]}
}

kept(system) := {"system": system, "path": "a", "version": null}

test_accepted_passes if {
	check("active", [kept("vault")]) == {"status": "pass", "evidence": {"systems": ["vault"], "elsewhere": []}}
}

test_one_copy_elsewhere_fails if {
	d := check("active", [kept("vault"), kept("wiki")])
	d == {"status": "fail", "evidence": {"systems": ["vault", "wiki"], "elsewhere": ["wiki"]}}
}

test_nowhere_is_unknown if check("active", []).status == "unknown"

test_unread_is_unknown if check("active", null).status == "unknown"

test_an_unknown_status_is_unknown if check(null, [kept("vault")]).status == "unknown"

test_off_is_skipped if check("deactivated", [kept("wiki")]).status == "skip"
