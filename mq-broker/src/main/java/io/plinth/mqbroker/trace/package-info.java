/**
 * Copies of what is published and delivered in a virtual host, for who looks for a fault.
 */
@NullMarked
package io.plinth.mqbroker.trace;

import org.jspecify.annotations.NullMarked;
