/**
 * Flow control: what stops publishers, and how much may be on its way to consumers.
 */
@NullMarked
package io.plinth.mqbroker.flow;

import org.jspecify.annotations.NullMarked;
