package keyproof.keys.storage_permissions_test

import data.keyproof.keys.storage_permissions

file(who) := {"system": "file", "path": "a", "version": null, "readable_by": who}

check(status, places) := d if {
	subject := {"id": "k1", "missing_fields": [], "status": status, "storage_refs": places}
	d := storage_permissions.decisions.k1 with input as {"as_of_ns": 0, "params": {"readers": ["owner"]}, "subjects": [subject]}
}

test_the_owner_passes if check("active", [file("owner")]) == {"status": "pass", "evidence": {"open": 0, "files": 1, "readers": ["owner"]}}

test_others_fail if check("active", [file("owner"), file("everyone")]).evidence.open == 1

test_an_open_file_beats_an_unseen_one if check("active", [file(null), file("group")]).status == "fail"

test_an_unseen_file_is_unknown if check("active", [file("owner"), file(null)]).status == "unknown"

test_no_file_is_skipped if check("active", []).status == "skip"

test_an_unread_place_is_unknown if check("active", null).status == "unknown"

test_an_unknown_status_is_unknown if check(null, []).status == "unknown"

test_an_ended_key_is_skipped if check("expired", [file("everyone")]).status == "skip"
