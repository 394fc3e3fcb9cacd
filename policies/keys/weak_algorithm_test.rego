package keyproof.keys.weak_algorithm_test

import data.keyproof.keys.weak_algorithm

params := {"denied_algorithms": ["md5"], "rsa_bits": 2048, "elliptic_bits": 224, "secret_bits": 112}

check(key) := d if {
	plain := {"id": "k1", "missing_fields": [], "status": "active", "credential_type": "api_token", "algorithm": null, "key_bits": null}
	subject := object.union(plain, key)
	d := weak_algorithm.decisions.k1 with input as {"as_of_ns": 0, "params": params, "subjects": [subject]}
}

test_rsa_at_the_limit_passes if check({"algorithm": "rsa", "key_bits": 2048}).status == "pass"

test_rsa_below_fails if check({"algorithm": "rsa-sha256", "key_bits": 2047}) == {"status": "fail", "evidence": {"algorithm": "rsa-sha256", "bits": 2047, "why": "too short", "limit": 2048}}

test_rsa_is_known_by_each_of_its_names if {
	every name in ["RSA", "ssh-rsa", "RSA_1024", "KEY_ALG_RSA_1024", "rs256", "PS512", "sha256WithRSAEncryption"] {
		check({"credential_type": "ssh_key", "algorithm": name, "key_bits": 1024}).evidence.limit == 2048
	}
}

test_curves_are_known_by_each_of_their_names if {
	every name in ["ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ES256", "EC_prime256v1", "ecdsa-sha2-nistp256", "x25519"] {
		check({"credential_type": "ssh_key", "algorithm": name, "key_bits": 256}).evidence.limit == 224
	}
}

test_another_private_key_has_no_limit_here if check({"credential_type": "ssh_key", "algorithm": "elgamal", "key_bits": 512}).status == "unknown"

test_case_is_no_matter if check({"algorithm": "MD5"}).status == "fail"

test_curves_have_their_own_limit if check({"algorithm": "ecdsa-p256", "key_bits": 256}).evidence.limit == 224

test_a_secret_at_the_limit_passes if check({"key_bits": 112}).evidence.algorithm == "not stated"

test_a_secret_below_fails if check({"algorithm": "hmac-sha256", "key_bits": 111}).status == "fail"

test_denied_fails_without_a_length if check({"algorithm": "md5"}).evidence.bits == "unknown"

test_denied_fails_however_long if check({"algorithm": "md5", "key_bits": 4096}).evidence.bits == 4096

test_no_length_is_unknown if check({"algorithm": "rsa"}).status == "unknown"

test_a_private_key_of_no_algorithm_is_unknown if check({"credential_type": "ssh_key", "key_bits": 2048}).status == "unknown"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"

test_off_is_skipped if check({"status": "expired", "key_bits": 8}).status == "skip"
