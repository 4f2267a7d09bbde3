/**
 * The mq-broker daemon: listen -> wire (decode) -> session (converse) -> exchange (route) -> queue, log, index (act) -> wire (encode).
 */
@NullMarked
package io.plinth.mqbroker;

import org.jspecify.annotations.NullMarked;
