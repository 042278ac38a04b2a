// One line per event on standard error: time, level, what. Never secrets, tensors or keys' insides.
#pragma once

enum vch_log_level { VCH_LOG_DEBUG, VCH_LOG_INFO, VCH_LOG_WARNING, VCH_LOG_ERROR };

void vch_log_set_level(enum vch_log_level least);

// Control characters in the text become '?', so that no peer can forge a line.
void vch_log_write(enum vch_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
