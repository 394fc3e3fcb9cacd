package keyproof.keys.network_restriction_test

import data.keyproof.keys.network_restriction

check(state, cidrs) := d if {
	subject := {
		"id": "k1", "missing_fields": [], "status": "active",
		"network_restrictions_state": state, "network_restrictions_cidrs": cidrs,
	}
	params := {"open_ranges": ["0.0.0.0/0", "::/0"]}
	d := network_restriction.decisions.k1 with input as {"as_of_ns": 0, "params": params, "subjects": [subject]}
}

off(status) := d if {
	subject := {
		"id": "k1", "missing_fields": [], "status": status,
		"network_restrictions_state": null, "network_restrictions_cidrs": null,
	}
	d := network_restriction.decisions.k1 with input as {"as_of_ns": 0, "params": {"open_ranges": ["::/0"]}, "subjects": [subject]}
}

test_a_network_passes if check("restricted", ["10.0.0.0/8"]).status == "pass"

test_every_open_range_fails_and_is_named if {
	d := check("restricted", ["::/0", "10.0.0.0/8", "0.0.0.0/0"])
	d == {"status": "fail", "evidence": {"network": "restricted", "open": ["0.0.0.0/0", "::/0"]}}
}

test_every_address_is_found_however_it_is_written if {
	check("restricted", ["198.51.100.0/0"]).evidence.open == ["198.51.100.0/0"]
	check("restricted", ["10.0.0.0/10", "2001:db8::/20"]).status == "pass"
}

test_unrestricted_fails if check("unrestricted", []).status == "fail"

test_unknown_is_unknown if check(null, null).status == "unknown"

test_an_unknown_status_is_unknown if off(null).status == "unknown"

test_off_is_skipped if off("destroyed").status == "skip"
