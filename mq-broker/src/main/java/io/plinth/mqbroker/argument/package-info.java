/**
 * What a queue's arguments ask for.
 */
@NullMarked
package io.plinth.mqbroker.argument;

import org.jspecify.annotations.NullMarked;
