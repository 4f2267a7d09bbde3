/**
 * What is declared: exchanges, queues and bindings, one change at a time, each durable before it is answered.
 */
@NullMarked
package io.plinth.mqbroker.definition;

import org.jspecify.annotations.NullMarked;
