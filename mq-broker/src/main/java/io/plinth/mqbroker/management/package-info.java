/**
 * Routes of the admin server.
 */
@NullMarked
package io.plinth.mqbroker.management;

import org.jspecify.annotations.NullMarked;
