/**
 * Commands that look at or change the node itself: CLIENT, CONFIG, INFO, COMMAND, CLUSTER.
 */
@NullMarked
package io.plinth.kvcache.admin;

import org.jspecify.annotations.NullMarked;
