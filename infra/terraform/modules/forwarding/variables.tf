variable "name" {
  description = "What everything of this installation begins with."
  type        = string
  default     = "watchfire"

  validation {
    condition     = can(regex("^watchfire(-[a-z0-9]+)*$", var.name)) && length(var.name) <= 24
    error_message = "Expected watchfire, or watchfire- and lower-case letters, digits and hyphens, at most 24 in all: rules and alarms are known by it."
  }
}

variable "bus_arn" {
  description = "Watchfire's bus: output `bus_arn` of its own account."
  type        = string

  validation {
    condition     = can(regex("^arn:aws(-us-gov|-cn)?:events:[a-z0-9-]+:[0-9]{12}:event-bus/", var.bus_arn))
    error_message = "Expected an ARN such as arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/watchfire."
  }
}

variable "without" {
  description = "Rules that are not wanted, by the name of their file in events/patterns/."
  type        = set(string)
  default     = []
}

variable "alarm_topic_arns" {
  description = "Topics of this account and region that are told when an event could not be forwarded."
  type        = list(string)
  default     = []
}
