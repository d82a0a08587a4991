# A bus of our own that the organisation's accounts may put events on: they forward theirs by forwarding/.

resource "aws_cloudwatch_event_bus" "bus" {
  name = var.name
}

resource "aws_cloudwatch_event_permission" "organization" {
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  statement_id   = "TheOrganisationPuts"
  action         = "events:PutEvents"
  principal      = "*"

  condition {
    key   = "aws:PrincipalOrgID"
    type  = "StringEquals"
    value = var.organization_id
  }
}
