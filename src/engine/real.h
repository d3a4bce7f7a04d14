/* The network's inside computes in `real`: the folders of src/engine are compiled for float and for
 * double, each once for every instruction set (engine.h). REAL(name) keeps the sets of symbols
 * apart.
 */
#ifndef BASIN_ENGINE_REAL_H
#define BASIN_ENGINE_REAL_H

#include <math.h>

#include "core/linalg.h"

#if defined(BASIN_REAL_SINGLE)
typedef float real;
#define REAL_PRECISION f32
#define REAL_EPSILON 1.1920928955078125e-07
#define real_fabs fabsf
#define real_gemm basin_gemm_f32
#define real_pow powf
#define real_sqrt sqrtf
#else
typedef double real;
#define REAL_PRECISION f64
#define REAL_EPSILON 2.220446049250313e-16
#define real_fabs fabs
#define real_gemm basin_gemm_f64
#define real_pow pow
#define real_sqrt sqrt
#endif

/* BASIN_INSTRUCTIONS is the Makefile's. */
#define REAL_JOIN_(name, precision, instructions) name##_##precision##_##instructions
#define REAL_JOIN(name, precision, instructions) REAL_JOIN_(name, precision, instructions)
#define REAL(name) REAL_JOIN(name, REAL_PRECISION, BASIN_INSTRUCTIONS)

/* Functions of the engine that have external linkage, once; types need no such care. A name
   forgotten here does not link. */
#define basin_broadcast_infer REAL(basin_broadcast_infer)
#define basin_chunk_at REAL(basin_chunk_at)
#define basin_chunk_largest REAL(basin_chunk_largest)
#define basin_chunk_of REAL(basin_chunk_of)
#define basin_conv_ahead REAL(basin_conv_ahead)
#define basin_conv_back REAL(basin_conv_back)
#define basin_conv_temp REAL(basin_conv_temp)
#define basin_conv_weight REAL(basin_conv_weight)
#define basin_convolve REAL(basin_convolve)
#define basin_correlate REAL(basin_correlate)
#define basin_dense_apply REAL(basin_dense_apply)
#define basin_dense_bias REAL(basin_dense_bias)
#define basin_dense_weight REAL(basin_dense_weight)
#define basin_fuse_attention REAL(basin_fuse_attention)
#define basin_gate REAL(basin_gate)
#define basin_group_chunk REAL(basin_group_chunk)
#define basin_group_samples REAL(basin_group_samples)
#define basin_group_unit REAL(basin_group_unit)
#define basin_head_add_mask REAL(basin_head_add_mask)
#define basin_head_centre REAL(basin_head_centre)
#define basin_head_close REAL(basin_head_close)
#define basin_head_collect_mask REAL(basin_head_collect_mask)
#define basin_head_curve REAL(basin_head_curve)
#define basin_head_gather REAL(basin_head_gather)
#define basin_head_open REAL(basin_head_open)
#define basin_head_probabilities REAL(basin_head_probabilities)
#define basin_head_queries REAL(basin_head_queries)
#define basin_head_read REAL(basin_head_read)
#define basin_head_scatter REAL(basin_head_scatter)
#define basin_head_scores REAL(basin_head_scores)
#define basin_head_weigh REAL(basin_head_weigh)
#define basin_head_write REAL(basin_head_write)
#define basin_infer_same REAL(basin_infer_same)
#define basin_loss_dot REAL(basin_loss_dot)
#define basin_loss_forward REAL(basin_loss_forward)
#define basin_loss_from REAL(basin_loss_from)
#define basin_loss_to REAL(basin_loss_to)
#define basin_loss_weight REAL(basin_loss_weight)
#define basin_math_elu REAL(basin_math_elu)
#define basin_math_erf REAL(basin_math_erf)
#define basin_math_exp REAL(basin_math_exp)
#define basin_math_gelu REAL(basin_math_gelu)
#define basin_math_gelu_tanh REAL(basin_math_gelu_tanh)
#define basin_math_log REAL(basin_math_log)
#define basin_math_sigmoid REAL(basin_math_sigmoid)
#define basin_math_silu REAL(basin_math_silu)
#define basin_math_softmax REAL(basin_math_softmax)
#define basin_math_softplus REAL(basin_math_softplus)
#define basin_math_tanh REAL(basin_math_tanh)
#define basin_move_prepare REAL(basin_move_prepare)
#define basin_move_run REAL(basin_move_run)
#define basin_moves_backward REAL(basin_moves_backward)
#define basin_moves_backward_dot REAL(basin_moves_backward_dot)
#define basin_moves_create REAL(basin_moves_create)
#define basin_moves_forward REAL(basin_moves_forward)
#define basin_moves_forward_dot REAL(basin_moves_forward_dot)
#define basin_multiply REAL(basin_multiply)
#define basin_network_check_batches REAL(basin_network_check_batches)
#define basin_network_check_statistics REAL(basin_network_check_statistics)
#define basin_network_crossings REAL(basin_network_crossings)
#define basin_network_ends REAL(basin_network_ends)
#define basin_network_freeze REAL(basin_network_freeze)
#define basin_network_gather REAL(basin_network_gather)
#define basin_network_gradient REAL(basin_network_gradient)
#define basin_network_lanes REAL(basin_network_lanes)
#define basin_network_loss REAL(basin_network_loss)
#define basin_network_moves REAL(basin_network_moves)
#define basin_network_primal REAL(basin_network_primal)
#define basin_network_product REAL(basin_network_product)
#define basin_network_provision REAL(basin_network_provision)
#define basin_network_requirement REAL(basin_network_requirement)
#define basin_network_release REAL(basin_network_release)
#define basin_network_set REAL(basin_network_set)
#define basin_network_set_point REAL(basin_network_set_point)
#define basin_network_subspace REAL(basin_network_subspace)
#define basin_network_thaw REAL(basin_network_thaw)
#define basin_network_workers REAL(basin_network_workers)
#define basin_node_axis REAL(basin_node_axis)
#define basin_node_facts REAL(basin_node_facts)
#define basin_node_fail REAL(basin_node_fail)
#define basin_node_follow REAL(basin_node_follow)
#define basin_node_ints REAL(basin_node_ints)
#define basin_node_role REAL(basin_node_role)
#define basin_norm_backward REAL(basin_norm_backward)
#define basin_norm_backward_dot REAL(basin_norm_backward_dot)
#define basin_norm_forward REAL(basin_norm_forward)
#define basin_norm_forward_dot REAL(basin_norm_forward_dot)
#define basin_norm_infer REAL(basin_norm_infer)
#define basin_norm_lanes_backward REAL(basin_norm_lanes_backward)
#define basin_norm_lanes_backward_dot REAL(basin_norm_lanes_backward_dot)
#define basin_norm_lanes_forward REAL(basin_norm_lanes_forward)
#define basin_norm_lanes_forward_dot REAL(basin_norm_lanes_forward_dot)
#define basin_norm_lanes_temp REAL(basin_norm_lanes_temp)
#define basin_norm_moments REAL(basin_norm_moments)
#define basin_op_find REAL(basin_op_find)
#define basin_pass_bind REAL(basin_pass_bind)
#define basin_pass_over REAL(basin_pass_over)
#define basin_plan_create REAL(basin_plan_create)
#define basin_plan_destroy REAL(basin_plan_destroy)
#define basin_plan_flops REAL(basin_plan_flops)
#define basin_rectify REAL(basin_rectify)
#define basin_reduce REAL(basin_reduce)
#define basin_rows_before REAL(basin_rows_before)
#define basin_strides REAL(basin_strides)
#define basin_sweep_backward REAL(basin_sweep_backward)
#define basin_sweep_backward_dot REAL(basin_sweep_backward_dot)
#define basin_sweep_bind REAL(basin_sweep_bind)
#define basin_sweep_bytes REAL(basin_sweep_bytes)
#define basin_sweep_create REAL(basin_sweep_create)
#define basin_sweep_destroy REAL(basin_sweep_destroy)
#define basin_sweep_forward REAL(basin_sweep_forward)
#define basin_sweep_forward_dot REAL(basin_sweep_forward_dot)
#define basin_to_lanes REAL(basin_to_lanes)
#define basin_tree_bytes REAL(basin_tree_bytes)
#define basin_tree_create REAL(basin_tree_create)
#define basin_tree_destroy REAL(basin_tree_destroy)
#define basin_unary_backward REAL(basin_unary_backward)
#define basin_unary_backward_dot REAL(basin_unary_backward_dot)
#define basin_unary_forward REAL(basin_unary_forward)
#define basin_unary_forward_dot REAL(basin_unary_forward_dot)
#define basin_unary_infer REAL(basin_unary_infer)
#define basin_walk_next REAL(basin_walk_next)
#define basin_weights_block REAL(basin_weights_block)
#define basin_weights_bytes REAL(basin_weights_bytes)
#define basin_weights_create REAL(basin_weights_create)
#define basin_weights_destroy REAL(basin_weights_destroy)
#define basin_weights_set REAL(basin_weights_set)
#define basin_weights_unblock REAL(basin_weights_unblock)
#define basin_window_covered REAL(basin_window_covered)
#define basin_window_input REAL(basin_window_input)
#define basin_window_read REAL(basin_window_read)
#define basin_window_shape REAL(basin_window_shape)
#define basin_workers_bytes REAL(basin_workers_bytes)
#define basin_workers_create REAL(basin_workers_create)
#define basin_workers_destroy REAL(basin_workers_destroy)
#define basin_workers_threads REAL(basin_workers_threads)
#define basin_workers_within REAL(basin_workers_within)

#endif
