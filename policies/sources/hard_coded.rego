# METADATA
# title: Nothing hard-coded stands in today's tree
# description: >-
#   One verdict for each source of code: whether the files that are built and shipped today hold
#   secrets. Each of them fails leaks.secret_in_history too: that finding is about the secret, which
#   is to be revoked; this one is about the source, which is to hold none.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: source
#   needs: [kind, complete, scope, leaks_in_head]
#   params:
#     minimum_confidence:
#       description: How sure a detector must be for its leak to count.
#       type: string
#       enum: [low, medium, high]
#       default: medium
#       source: "keyproof's own: a guess is told by leaks.secret_in_history, and fails no source"
#     tolerated:
#       description: How many secrets may stand in today's files that nobody has accepted.
#       type: integer
#       minimum: 0
#       maximum: 1000
#       default: 0
#       source: OWASP Non-Human Identities Top 10 2025, NHI2 (secret leakage)
#   message: "{in_head:secret} in today's tree, {limit} tolerated; leaks.secret_in_history names each"
#   remediation: >-
#     Take each secret out of the file, read it at run time from a secrets manager, and rotate it: what
#     was committed stays in the history. 'keyproof hook install' keeps the next one out.
#   examples:
#     - title: today's tree is clean
#       status: pass
#       subject: {kind: repository}
#     - title: a secret stands in it
#       status: fail
#       subject: {kind: repository, leaks: [{in_head: true}]}
#     - title: a guess, and the organisation wants to see them
#       status: fail
#       params: {minimum_confidence: low}
#       subject: {kind: repository, leaks: [{confidence: low, in_head: true}]}
#     - title: a guess
#       status: pass
#       subject: {kind: repository, leaks: [{confidence: low, in_head: true}]}
#     - title: it is gone, though the history has it
#       status: pass
#       subject: {kind: repository, leaks: [{in_head: false}]}
#     - title: somebody accepted it
#       status: pass
#       subject: {kind: repository, leaks: [{in_head: true, suppression: {kind: inline, marker: "keyproof:allow"}}]}
#     - title: where it stands is not known
#       status: unknown
#       subject: {kind: repository, leaks: [{in_head: null}]}
#     - title: a part of the repository could not be read
#       status: unknown
#       subject: {kind: repository, complete: false}
#     - title: the trees could not be read
#       status: unknown
#       subject: {kind: repository, missing_fields: [in_head]}
#     - title: only a range was asked for
#       status: skip
#       subject: {kind: repository, scope: partial}
#     - title: no source of code
#       status: skip
#       subject: {kind: inventory}
package keyproof.sources.hard_coded

verdict := {true: "fail", false: "pass"}

rank := {"low": 1, "medium": 2, "high": 3}

least := rank[input.params.minimum_confidence]

counts(source) := {"low": source.leaks_in_head_low, "medium": source.leaks_in_head_medium, "high": source.leaks_in_head_high}

decisions[id] := d if {
	some source in input.subjects
	id := source.id
	d := decision(source)
}

decision(source) := {"status": "skip", "reason": "the source holds no code"} if source.kind == "inventory"

decision(source) := {"status": "unknown", "reason": "its kind is not known"} if source.kind == null

decision(source) := {"status": "unknown", "reason": "what was asked of the source is not known"} if {
	source.kind == "repository"
	source.scope == null
}

decision(source) := {"status": "skip", "reason": "only a part of the source was asked for"} if {
	source.kind == "repository"
	source.scope == "partial"
}

decision(source) := d if {
	source.kind == "repository"
	source.scope == "whole"
	counted := [number | some word, number in counts(source); rank[word] >= least]
	d := read(source, counted)
}

read(_, counted) := {"status": "unknown", "reason": "what today's tree holds is not known"} if null in counted

read(source, counted) := d if {
	count(counted) > 0
	not null in counted
	limit := input.params.tolerated
	is_number(limit)
	d := judged(source.complete, sum(counted), limit)
}

judged(complete, found, limit) := {"status": "unknown", "reason": "the source was not read whole"} if {
	complete != true
	found <= limit
}

judged(complete, found, limit) := {"status": "fail", "evidence": {"in_head": found, "limit": limit}} if {
	complete != true
	found > limit
}

judged(complete, found, limit) := {"status": status, "evidence": {"in_head": found, "limit": limit}} if {
	complete == true
	status := verdict[found > limit]
}
