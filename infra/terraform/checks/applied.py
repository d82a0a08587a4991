def check(): return ""
