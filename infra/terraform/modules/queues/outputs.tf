output "urls" {
  description = "The queues' URLs, `urgent` and `alerts`."
  value       = { for queue in local.queues : queue => aws_sqs_queue.queue[queue].url }
}

output "arns" {
  description = "The queues' ARNs, `urgent` and `alerts`."
  value       = { for queue in local.queues : queue => aws_sqs_queue.queue[queue].arn }
}

output "names" {
  description = "Every queue's name, by what it is: for alarms."
  value = {
    urgent      = aws_sqs_queue.queue["urgent"].name
    alerts      = aws_sqs_queue.queue["alerts"].name
    urgent_dead = aws_sqs_queue.dead["urgent"].name
    alerts_dead = aws_sqs_queue.dead["alerts"].name
    undelivered = aws_sqs_queue.undelivered.name
  }
}

output "undelivered_arn" {
  description = "Where EventBridge puts what it could not deliver."
  value       = aws_sqs_queue.undelivered.arn
}
