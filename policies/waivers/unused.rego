# METADATA
# title: Every exception is needed
# description: >-
#   A waiver that matches nothing is mended, misspelt or about something that is gone; it waits there to
#   cover the next thing of that name.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: waiver
#   needs: [judged, begun, days_left, findings, policy]
#   params: {}
#   message: "of {policy}; findings that need it: {findings}"
#   remediation: >-
#     Compare its subject and labels with the findings of its policy ('keyproof report' lists them). If
#     the risk is gone, take the waiver out of the file.
#   examples:
#     - title: a finding needs it
#       status: pass
#       subject: {findings: 1}
#     - title: nothing needs it
#       status: fail
#       subject: {findings: 0}
#     - title: how many findings it covers could not be read
#       status: unknown
#       subject: {findings: 0, missing_fields: [findings]}
#     - title: only a part was read
#       status: skip
#       subject: {findings: 0, judged: false}
#     - title: it begins tomorrow
#       status: skip
#       subject: {findings: 0, begun: false}
#     - title: it expired, which waivers.expired tells
#       status: skip
#       subject: {findings: 0, days_left: -3}
package keyproof.waivers.unused

verdict := {true: "pass", false: "fail"}

decisions[id] := d if {
	some waiver in input.subjects
	id := waiver.id
	d := decision(waiver)
}

values(waiver) := {waiver.judged, waiver.begun, waiver.days_left, waiver.findings, waiver.policy}

decision(waiver) := {"status": "unknown", "reason": "what the waiver covers is not known"} if null in values(waiver)

decision(waiver) := d if {
	not null in values(waiver)
	d := judged(waiver)
}

judged(waiver) := {"status": "skip", "reason": "this run could not tell whether it is needed"} if waiver.judged == false

judged(waiver) := {"status": "skip", "reason": "it has not begun"} if {
	waiver.judged == true
	waiver.begun == false
}

judged(waiver) := {"status": "skip", "reason": "it expired"} if {
	waiver.judged == true
	waiver.begun == true
	waiver.days_left < 0
}

judged(waiver) := {"status": status, "evidence": {"policy": waiver.policy, "findings": waiver.findings}} if {
	waiver.judged == true
	waiver.begun == true
	waiver.days_left >= 0
	is_number(waiver.findings)
	status := verdict[waiver.findings > 0]
}
