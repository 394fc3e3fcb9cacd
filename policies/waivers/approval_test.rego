package keyproof.waivers.approval_test

import data.keyproof.waivers.approval

check(waiver, strict) := d if {
	plain := {"id": "w", "missing_fields": [], "self_approved": false, "approval": "declared", "approval_basis": "b", "requester": "ada", "approver": "grace"}
	subject := object.union(plain, waiver)
	d := approval.decisions.w with input as {"as_of_ns": 0, "params": {"require_verified": strict}, "subjects": [subject]}
}

test_another_person_passes if check({}, false) == {"status": "pass", "evidence": {"approval": "declared", "approver": "grace", "requester": "ada", "basis": "b"}}

test_declared_fails_where_proof_is_demanded if check({}, true).status == "fail"

test_verified_passes_there if check({"approval": "verified"}, true).status == "pass"

test_the_same_person_fails if check({"self_approved": true, "approval": "verified"}, false).evidence.basis == "they are the same person"

test_not_known_is_unknown if check({"approval": null}, false).status == "unknown"
