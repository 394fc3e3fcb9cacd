package keyproof.sources.encrypted_transport_test

import data.keyproof.sources.encrypted_transport

check(way) := d if {
	subject := {"id": "s1", "missing_fields": [], "transport": way}
	d := encrypted_transport.decisions.s1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_tls_passes if check("tls") == {"status": "pass", "evidence": {"transport": "TLS or SSH"}}

test_local_passes if check("local").status == "pass"

test_plain_fails if check("plain").status == "fail"

test_not_known_is_unknown if check(null).status == "unknown"
