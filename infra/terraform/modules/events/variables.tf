variable "name" {
  description = "What everything of this installation begins with."
  type        = string
}

variable "bus_name" {
  description = "The event bus; `default` is where AWS's own services put their events."
  type        = string
}

variable "queue_arns" {
  description = "Where events go: `urgent`, what may be a P0 by its looks; `alerts`, everything."
  type = object({
    urgent = string
    alerts = string
  })
}

variable "undelivered_arn" {
  description = "The queue of what could not be delivered."
  type        = string
}

variable "patterns" {
  description = "Event patterns, as JSON, instead of those of patterns/, by the name of their file."
  type        = map(string)
}

variable "without" {
  description = "Rules that are not wanted, by the name of their file in patterns/."
  type        = set(string)
}

variable "schedules" {
  description = "Whether the canaries are sent from here; schedules exist on the default bus only."
  type        = bool
}

variable "ticks" {
  description = "Whether a function is told each minute to look at what is due."
  type        = bool
}

variable "function_arn" {
  description = "That function; null where there is none."
  type        = string
}
