@NullMarked
package io.plinth.kit.admin;

import org.jspecify.annotations.NullMarked;
