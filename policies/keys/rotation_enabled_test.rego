package keyproof.keys.rotation_enabled_test

import data.keyproof.keys.rotation_enabled

blank := {
	"id": "k1", "missing_fields": [], "status": "active",
	"rotation_enabled": null, "rotation_mechanism": null,
}

check(key) := d if {
	subject := object.union(blank, key)
	d := rotation_enabled.decisions.k1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_on_passes if {
	d := check({"rotation_enabled": true, "rotation_mechanism": "managed_lambda"})
	d == {"status": "pass", "evidence": {"rotation": "on", "mechanism": "managed lambda"}}
}

test_off_fails if check({"rotation_enabled": false}) == {"status": "fail", "evidence": {"rotation": "off", "mechanism": "not known"}}

test_by_hand_is_skipped if check({"rotation_mechanism": "manual"}).status == "skip"

test_nobody_says_is_unknown if check({"rotation_mechanism": "native"}).status == "unknown"

test_an_unknown_status_is_unknown if check({"status": null, "rotation_enabled": true}).status == "unknown"

test_off_is_skipped if check({"status": "destroyed", "rotation_enabled": false}).status == "skip"
