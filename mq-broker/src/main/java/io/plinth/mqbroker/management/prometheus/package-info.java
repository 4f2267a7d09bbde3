/**
 * What {@code /metrics} shows of the broker, under the names of RabbitMQ's Prometheus plugin where it has one.
 */
@NullMarked
package io.plinth.mqbroker.management.prometheus;

import org.jspecify.annotations.NullMarked;
