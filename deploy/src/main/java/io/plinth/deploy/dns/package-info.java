/**
 * {@code plinth dns}: other servers' configurations taken over.
 */
@NullMarked
package io.plinth.deploy.dns;

import org.jspecify.annotations.NullMarked;
