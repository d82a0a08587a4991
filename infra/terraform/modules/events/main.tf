# The rules of one event bus: one file of patterns/ each, the whole event, to the queues.

locals {
  patterns = {
    for file in fileset("${path.module}/patterns", "*.json") :
    trimsuffix(file, ".json") => lookup(var.patterns, trimsuffix(file, ".json"), file("${path.module}/patterns/${file}"))
  }
  rules = { for rule, pattern in local.patterns : rule => pattern if !contains(var.without, rule) }
  # Minified: a pattern has 2,048 characters, and those of indentation count.
  compact   = { for rule, pattern in local.rules : rule => jsonencode(jsondecode(pattern)) }
  queue_of  = { for rule in keys(local.rules) : rule => rule == "urgent" ? "urgent" : "alerts" }
  schedules = var.schedules ? toset(["urgent", "alerts"]) : toset([])
  # Whoever is away for longer than a day has other worries; what was not delivered by then is in the dead-letter queue.
  one_day  = 86400
  attempts = 185
  arns = {
    for queue in ["urgent", "alerts"] : queue =>
    [for rule in sort(keys(local.compact)) : aws_cloudwatch_event_rule.rule[rule].arn if local.queue_of[rule] == queue]
  }
}

resource "aws_cloudwatch_event_rule" "rule" {
  for_each = local.compact

  name           = "${var.name}-${each.key}"
  description    = "Watchfire: ${each.key}, to ${var.name}-${local.queue_of[each.key]}"
  event_bus_name = var.bus_name
  event_pattern  = each.value
}

resource "aws_cloudwatch_event_target" "rule" {
  for_each = local.compact

  rule           = aws_cloudwatch_event_rule.rule[each.key].name
  event_bus_name = var.bus_name
  target_id      = local.queue_of[each.key]
  arn            = var.queue_arns[local.queue_of[each.key]]

  retry_policy {
    maximum_event_age_in_seconds = local.one_day
    maximum_retry_attempts       = local.attempts
  }

  dead_letter_config {
    arn = var.undelivered_arn
  }
}

# A canary through each queue: a hint, of which a worker makes nothing and a Lambda a look into its store. That it is
# deleted says that somebody reads the queue; alarms/ asks.
resource "aws_cloudwatch_event_rule" "canary" {
  for_each = local.schedules

  name                = "${var.name}-canary-${each.key}"
  description         = "Watchfire: is ${var.name}-${each.key} read?"
  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "canary" {
  for_each = local.schedules

  rule      = aws_cloudwatch_event_rule.canary[each.key].name
  target_id = each.key
  arn       = var.queue_arns[each.key]

  input_transformer {
    input_paths    = { time = "$.time" }
    input_template = "{\"watchfire\":{\"wake\":<time>}}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 300
    maximum_retry_attempts       = 3
  }

  dead_letter_config {
    arn = var.undelivered_arn
  }
}

# A Lambda sleeps between events: once a minute it looks at what is due. A worker has its own clock.
resource "aws_cloudwatch_event_rule" "tick" {
  count = var.ticks ? 1 : 0

  name                = "${var.name}-tick"
  description         = "Watchfire: what is due"
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "tick" {
  count = var.ticks ? 1 : 0

  rule      = aws_cloudwatch_event_rule.tick[0].name
  target_id = "function"
  arn       = var.function_arn
  input     = jsonencode({ watchfire = { tick = {} } })

  # The next one is a minute away, and does what this one left.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 1
  }

  dead_letter_config {
    arn = var.undelivered_arn
  }
}

resource "aws_lambda_permission" "tick" {
  count = var.ticks ? 1 : 0

  statement_id  = "tick"
  action        = "lambda:InvokeFunction"
  function_name = var.function_arn
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.tick[0].arn
}
