# METADATA
# title: Somebody else approved each exception
# description: >-
#   Who asks for an exception does not grant it: such a waiver has no effect. An organisation may also
#   demand that the approval is proved, by a commit that the approver signed.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: waiver
#   needs: [self_approved, approval, approval_basis, requester, approver]
#   params:
#     require_verified:
#       description: Whether an approval that only the file declares, without a signature, fails.
#       type: boolean
#       default: false
#       source: keyproof's own; ISO/IEC 27001:2022, A.5.3 asks for the separation, not for its proof
#   message: "{approval} by {approver} for {requester}: {basis}"
#   remediation: >-
#     Have somebody other than the requester approve it: whoever that is makes the commit that writes the
#     entry, and signs it (git commit -S). See docs/contracts.md on how keyproof checks that.
#   examples:
#     - title: somebody else
#       status: pass
#       subject: {approval: declared}
#     - title: the requester
#       status: fail
#       subject: {self_approved: true, approver: ada}
#     - title: proved
#       status: pass
#       params: {require_verified: true}
#       subject: {approval: verified}
#     - title: only declared, where proof is demanded
#       status: fail
#       params: {require_verified: true}
#       subject: {approval: declared}
#     - title: who approved it is not known
#       status: unknown
#       subject: {missing_fields: [approval]}
package keyproof.waivers.approval

verdict := {true: "pass", false: "fail"}

strict := input.params.require_verified if is_boolean(input.params.require_verified)

enough := {"verified": true, "declared": strict == false}

decisions[id] := d if {
	some waiver in input.subjects
	id := waiver.id
	d := decision(waiver)
}

values(waiver) := {waiver.self_approved, waiver.approval, waiver.approval_basis, waiver.requester, waiver.approver}

decision(waiver) := {"status": "unknown", "reason": "how the waiver was approved is not known"} if null in values(waiver)

decision(waiver) := {"status": "fail", "evidence": {"approval": "approved", "approver": waiver.approver, "requester": waiver.requester, "basis": "they are the same person"}} if {
	not null in values(waiver)
	waiver.self_approved == true
}

decision(waiver) := {"status": status, "evidence": {"approval": waiver.approval, "approver": waiver.approver, "requester": waiver.requester, "basis": waiver.approval_basis}} if {
	not null in values(waiver)
	waiver.self_approved == false
	status := verdict[enough[waiver.approval]]
}
