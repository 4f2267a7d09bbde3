/**
 * What the management API tells of the node itself.
 */
@NullMarked
package io.plinth.mqbroker.management.node;

import org.jspecify.annotations.NullMarked;
