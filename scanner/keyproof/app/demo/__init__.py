"""The sample organisation of ``keyproof demo``: a repository, an AWS account, a spreadsheet."""
