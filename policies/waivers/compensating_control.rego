# METADATA
# title: A grave exception rests on another control, and its evidence
# description: >-
#   Accepting a grave finding means that something else holds meanwhile. The waiver names that control
#   and shows it: by a link, or by a file whose digest still fits.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: waiver
#   needs: [policy, policy_severity, has_control, control_evidence]
#   params:
#     severities:
#       description: For waivers of policies of which severity a compensating control is demanded.
#       type: array
#       minItems: 1
#       items:
#         type: string
#         enum: [critical, high, medium, low, info]
#       default: [critical]
#       source: keyproof's own; PCI DSS 4.0.1, Appendix B, has every compensating control documented
#   message: "of {policy} ({severity}); compensating control: {control}, evidence: {evidence}"
#   remediation: >-
#     Say in 'compensating_control' what holds instead, and in 'control_evidence' where that is shown: a
#     link, or a file with its 'control_sha256'. If the file changed, have the waiver approved again.
#   examples:
#     - title: a control, and a file that fits
#       status: pass
#       subject: {policy_severity: critical, has_control: true, control_evidence: matches}
#     - title: nothing holds instead
#       status: fail
#       subject: {policy_severity: critical}
#     - title: a control that nothing shows
#       status: fail
#       subject: {policy_severity: critical, has_control: true}
#     - title: the file is another one by now
#       status: fail
#       subject: {policy_severity: low, has_control: true, control_evidence: differs}
#     - title: the file cannot be read
#       status: unknown
#       subject: {policy_severity: critical, has_control: true, control_evidence: unreadable}
#     - title: what holds instead is not known
#       status: unknown
#       subject: {policy_severity: critical, missing_fields: [has_control]}
#     - title: of a policy that is not grave
#       status: skip
#       subject: {policy_severity: medium}
package keyproof.waivers.compensating_control

verdict := {true: "pass", false: "fail"}

word := {true: "named", false: "none"}

demanded := {severity | some severity in input.params.severities}

shown := {"link": true, "matches": true, "none": false, "differs": false}

told := {"link": "a link", "matches": "a file that fits its digest", "none": "none", "differs": "a file that does not fit its digest"}

decisions[id] := d if {
	some waiver in input.subjects
	id := waiver.id
	d := decision(waiver)
}

values(waiver) := {waiver.policy, waiver.policy_severity, waiver.has_control, waiver.control_evidence}

decision(waiver) := {"status": "unknown", "reason": "what holds instead is not known"} if null in values(waiver)

decision(waiver) := d if {
	not null in values(waiver)
	d := judged(waiver)
}

judged(waiver) := {"status": "skip", "reason": "no compensating control is demanded for such a policy"} if {
	not waiver.policy_severity in demanded
	waiver.control_evidence in {"none", "link", "matches"}
}

judged(waiver) := {"status": "unknown", "reason": "the file that shows the control cannot be read"} if waiver.control_evidence == "unreadable"

judged(waiver) := d if {
	count(demanded) > 0
	relevant(waiver)
	proven := shown[waiver.control_evidence]
	enough := {waiver.has_control, proven} == {true}
	d := {"status": verdict[enough], "evidence": {"policy": waiver.policy, "severity": waiver.policy_severity, "control": word[waiver.has_control], "evidence": told[waiver.control_evidence]}}
}

relevant(waiver) if waiver.policy_severity in demanded

relevant(waiver) if waiver.control_evidence == "differs"
