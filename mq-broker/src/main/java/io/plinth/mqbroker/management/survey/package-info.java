/**
 * The numbers of the whole broker at one moment, asked of every owner on its own loop, and the rates between two of them.
 */
@NullMarked
package io.plinth.mqbroker.management.survey;

import org.jspecify.annotations.NullMarked;
